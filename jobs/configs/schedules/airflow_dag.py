"""Every night at two by Airflow, with its own operators: submit, follow and, after a failure, submit again.

Put it into Airflow's folder of DAGs. Its workers need a checkout of radray with an environment (Airflow's variable
`radray`), a way to the job server (variable `radray_job_server`) and the cluster's token. Airflow 2.9 or newer, or 3.
"""

from datetime import UTC, datetime, timedelta

from airflow import DAG
from airflow.timetables.trigger import CronTriggerTimetable

try:
    from airflow.providers.standard.operators.bash import BashOperator
except ImportError:  # Airflow 2 without the provider
    from airflow.operators.bash import BashOperator

SUBMIT = "cd {{ var.value.radray }} && .venv/bin/python -m jobs.submit"
NIGHT = "--config jobs/configs/cluster/nightly.yaml date={{ macros.ds_add(ds, -1) }}"

with DAG(
    dag_id="radray_nightly",
    description="Impressions of the reports of the day that ended",
    start_date=datetime(2026, 11, 22, tzinfo=UTC),
    # at two, and not "the interval that ended at two": the date below is said, not inferred
    schedule=CronTriggerTimetable("0 2 * * *", timezone="UTC"),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=30)},
) as dag:
    generate = BashOperator(
        task_id="generate",
        bash_command=f"{SUBMIT} generate {NIGHT}",
        env={"RAY_AUTH_MODE": "token", "RAY_API_SERVER_ADDRESS": "{{ var.value.radray_job_server }}"},
        append_env=True,
        execution_timeout=timedelta(hours=6),
    )
