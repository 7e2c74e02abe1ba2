"""The task `questions`: written questions about a report, each with a short answer."""
