"""Views, queries and what is derived from the tables for analysts; the SQL lies in `sql`."""
