"""What a training step holds in the memory of one device, moment by moment, before anything is loaded."""

from collections.abc import Iterator

from radray.models.families.step import Step, StepMemory
from radray.models.families.t5.shape import T5Shape

_FLOAT32 = 4


def step_memory(shape: T5Shape, step: Step) -> StepMemory:
    """Return the memory of a training step of a T5 of `shape` at the moment that holds most.

    Compared with what torch allocates and with FLAN-T5 XL on fake tensors by tests/benchmarks/training_memory.py.
    """
    return max(_moments(shape, step), key=lambda moment: moment.total)


def _moments(shape: T5Shape, step: Step) -> Iterator[StepMemory]:
    """Yield the moments that may hold most: between them activations go and gradients come in a line."""
    weights, optimiser = step.stored * shape.parameters // step.parts, step.optimiser_state(shape.parameters)
    inputs, outputs = step.rows * step.source, step.rows * step.target
    encoder, decoder = _kept(shape, step)
    work = _Work(shape, step)
    if step.checkpointing:
        # of a block its input alone; between blocks autocast computes in float32
        between = _FLOAT32 if step.autocast else step.at_work
        kept_encoder = shape.encoder_layers * inputs * shape.d_model * between
        kept_decoder = shape.decoder_layers * outputs * shape.d_model * between
    else:
        kept_encoder, kept_decoder = shape.encoder_layers * encoder, shape.decoder_layers * decoder
    ends = 5 * (inputs + outputs) * shape.d_model * step.at_work

    def at(moment: str, part: float, **bytes_: int) -> StepMemory:
        """`part` of the gradients of this micro-batch are there; where there were others before, all of theirs."""
        there = 1.0 if step.calls > 1 else part
        gradients = round(step.stored * shape.parameters * step.trainable * there / step.parts)
        held = {"gathered": 0, "activations": 0, "logits": 0, "temporary": 0} | bytes_
        return StepMemory(moment=moment, weights=weights, optimiser=optimiser, gradients=gradients, **held)

    words = outputs * shape.vocab_size
    output_layer = shape.embedding / shape.parameters
    upper = output_layer + shape.decoder / shape.parameters
    everything = kept_encoder + kept_decoder + ends
    # the forward pass ends with the logits, in float32 too, and their log-softmax
    first = (2 + 4 if step.at_work == 2 else 4) + 4
    yield at("logits", 0.0, gathered=work.end_of_forward, activations=everything, logits=first * words)
    # log-softmax, the gradient of the loss and that of the logits, all in float32
    yield at("loss", 0.0, gathered=work.casts(1.0), activations=everything, logits=12 * words)
    yield at(
        "first layer back",
        output_layer,
        gathered=work.casts(1.0) + work.gathered(ends=1, block=shape.decoder_block),
        activations=everything + (decoder if step.checkpointing else 0),
        temporary=_back(shape, step, outputs, step.rows * shape.num_heads * step.target * (step.target + step.source)),
    )
    yield at(
        "decoder's end",
        upper,
        gathered=work.casts(shape.encoder / (shape.encoder + shape.decoder))
        + work.gathered(ends=2, block=shape.encoder_block),
        activations=kept_encoder + ends + (encoder if step.checkpointing else 0),
        temporary=work.waiting + _back(shape, step, inputs, step.rows * shape.num_heads * step.source**2),
    )
    yield at(
        "last layer back",
        1 - output_layer,
        gathered=work.gathered(ends=2, block=shape.encoder_block),
        activations=encoder + ends // 5,
        temporary=work.waiting + _back(shape, step, inputs, step.rows * shape.num_heads * step.source**2),
    )
    yield at("embedding", 1.0, gathered=work.shared_out, temporary=work.waiting)
    yield at("optimiser", 1.0, temporary=_optimising(shape, step))


class _Work:
    """What is computed with beside what is stored: casts, gathered layers, gradients on their way."""

    def __init__(self, shape: T5Shape, step: Step) -> None:
        self._shape, self._step = shape, step
        self._sharded = step.sharding == "fsdp"
        self._ends = shape.embedding * (1 if shape.tied else 2)

    def casts(self, part: float) -> int:
        """Return the bytes of autocast's copies of `part` of the weights, kept for the way back."""
        if not self._step.autocast:
            return 0
        return round(2 * self._shape.parameters * (0.0 if self._step.checkpointing else part))

    @property
    def end_of_forward(self) -> int:
        """Autocast keeps its copies of all that learns until the pass is over."""
        if self._step.autocast:
            return 2 * self._shape.parameters
        return self._step.at_work * self._ends if self._sharded else 0

    def gathered(self, *, ends: int, block: int) -> int:
        """Return the bytes of whole weights and gradients (fsdp) in the midst of the way back.

        The outermost group (embedding and output layer) stays, and so do `ends` of its gradients; of the blocks the
        one at work, the next, the gradient of the first, and that gradient as it is handed on, in float32.
        """
        if not self._sharded:
            return 0
        at_work, share = self._step.at_work, self._step.trainable
        root = at_work * self._ends + round(at_work * share * ends * self._shape.embedding)
        return root + 2 * at_work * block + round((at_work + _FLOAT32) * share * block)

    @property
    def waiting(self) -> int:
        """The embedding has two gradients, from decoder and encoder: the first waits for the second."""
        whole = self._step.stored * self._shape.embedding
        return 0 if self._sharded or self._step.trainable < 1 else whole

    @property
    def shared_out(self) -> int:
        """The outermost group, its gradients, and these as they are handed on (fsdp)."""
        if not self._sharded:
            return 0
        share = self._step.trainable
        return self._step.at_work * self._ends + round((self._step.at_work + _FLOAT32) * share * self._ends)


def _kept(shape: T5Shape, step: Step) -> tuple[int, int]:
    """Return the bytes that an encoder block and a decoder block keep for the way back.

    In bfloat16 some of it is float32 all the same: what a norm squares; queries, keys, values and scores in torch's
    plain attention; with autocast also what goes from block to block. Counted as `T5Shape.encoder_block_kept` was.
    """
    encoder = shape.encoder_block_kept(step.rows, step.source)
    decoder = shape.decoder_block_kept(step.rows, step.source, step.target)
    if step.at_work == _FLOAT32:
        return _FLOAT32 * encoder, _FLOAT32 * decoder
    inputs, outputs = step.rows * step.source, step.rows * step.target
    scores = (3 if shape.dropout else 1) * step.rows * shape.num_heads
    more = 6 if step.autocast else 0
    encoder = 2 * encoder + inputs * ((8 + more) * shape.d_model + 6 * shape.inner)
    encoder += 2 * scores * step.source**2
    decoder = 2 * decoder + outputs * ((12 + more) * shape.d_model + 8 * shape.inner) + 4 * inputs * shape.inner
    decoder += 2 * scores * (step.target**2 + step.target * step.source)
    if step.autocast:
        decoder += 4 * inputs * shape.d_model
    return encoder, decoder


def _back(shape: T5Shape, step: Step, tokens: int, scores: int) -> int:
    """Return the bytes of gradients of activations within a block, beside all that it kept.

    The feed-forward part comes first on the way back; when attention's turn comes, what that had kept is gone.
    """
    values = step.at_work * tokens
    forward = 3 * values * shape.d_ff
    attention = 2 * _FLOAT32 * scores + 3 * values * shape.inner - (8 if shape.dropout else 7) * values * shape.d_ff
    return max(forward, attention) + 2 * values * shape.d_model


def _optimising(shape: T5Shape, step: Step) -> int:
    """Return the bytes that the optimiser works with: Adafactor, matrix by matrix, with three in float32."""
    largest = shape.embedding if step.trainable == 1 else 0
    if step.optimiser == "adafactor":
        return 3 * _FLOAT32 * largest // step.parts
    return 2 * step.stored * largest // step.parts
