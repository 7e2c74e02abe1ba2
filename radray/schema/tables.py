"""The tables: every column with its type, nullability, unit and a sentence; the contract that each run enforces.

Columns are only ever added, at the end. Column names are lower case: Athena folds them.
"""

from radray.schema.answers import ANSWERS
from radray.schema.audit import AUDIT
from radray.schema.evaluations import COMPARISONS, EVALUATIONS
from radray.schema.examples import EXAMPLES
from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS, TRAINING_METRICS

TABLES = {
    table.name: table
    for table in (REPORTS, PREDICTIONS, EXAMPLES, ANSWERS, EVALUATIONS, COMPARISONS, TRAINING_METRICS, RUNS, AUDIT)
}
"""All tables by name."""
