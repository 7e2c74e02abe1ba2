-- One row a column of each table and view: what it holds.
--
-- object: Table or view
-- kind: table or view
-- place: Place of the column, from 1
-- column_name: Column
-- type: Type of a table's column; null of a view's
-- required: Never null; null: not said of a view's column
-- in_key: Part of the table's key
-- in_partition: The table is partitioned by it
-- sentence: What it holds, unit and nulls
SELECT object, kind, place, column_name, type, required, in_key, in_partition, sentence
FROM (VALUES {dictionary}) AS d(object, kind, place, column_name, type, required, in_key, in_partition, sentence)
