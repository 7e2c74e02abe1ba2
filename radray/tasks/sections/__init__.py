"""The task `sections`: of a report's text without headings, the section that each sentence is of."""
