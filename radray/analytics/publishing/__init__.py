"""The same views in Athena and dashboards in QuickSight: requests, policies, what is removed again."""
