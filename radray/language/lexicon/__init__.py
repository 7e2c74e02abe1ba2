"""The vocabulary: concepts, attributes and cues, and the automaton that matches them."""
