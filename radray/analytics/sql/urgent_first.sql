-- One row a night, dataset, split and model: how often the most urgent item of an impression stands first, of impressions
-- with several items and an urgent finding: as they were written, as they are put in order (generate.order), and the
-- radiologist's own. Without text.
--
-- impressions: Impressions of the model to which the question applies
-- urgent_first: Share of them whose most urgent item stands first, 0 to 1
-- urgent_first_as_written: The same before items were put in order, 0 to 1
-- reordered: Impressions whose items were put in another order, of all
-- reference_impressions: The radiologist's impressions to which the question applies
-- reference_urgent_first: Share of them whose most urgent item stands first, 0 to 1
SELECT
    batch_date, dataset, split, model_name, model_digest, checks_id,
    count(urgent_first) AS impressions,
    avg(CASE WHEN urgent_first THEN 1e0 WHEN NOT urgent_first THEN 0e0 END) AS urgent_first,
    avg(
        CASE
            WHEN urgent_first IS NULL THEN NULL
            WHEN item_order IS NULL THEN CASE WHEN urgent_first THEN 1e0 ELSE 0e0 END
            WHEN item_order LIKE '1,%' THEN 1e0
            ELSE 0e0
        END
    ) AS urgent_first_as_written,
    count(item_order) AS reordered,
    count(reference_urgent_first) AS reference_impressions,
    avg(CASE WHEN reference_urgent_first THEN 1e0 WHEN NOT reference_urgent_first THEN 0e0 END) AS reference_urgent_first
FROM predictions
WHERE status = 'ok'
GROUP BY batch_date, dataset, split, model_name, model_digest, checks_id
