"""Views and queries over the tables for analysts; the SQL is in `sql`."""
