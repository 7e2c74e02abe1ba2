"""Names of metrics as Prometheus sees them."""

from radray.pipelines.prometheus import MetricSpec


def exported(spec: MetricSpec) -> str:
    """Return the name that Prometheus sees; of a histogram that of its buckets."""
    return f"ray_{spec.name}" + {"counter": "_total", "gauge": "", "histogram": "_bucket"}[spec.kind]
