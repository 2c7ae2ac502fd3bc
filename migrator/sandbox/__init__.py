"""An organisation in a box: both segmentation APIs over sample data, on loopback only.

It stands in for a real organisation and is written from the documents. It takes nothing from the pipeline but
`codes`, `mql` and `evaluator`; where no document says how the service behaves, docs/assumptions.md says what it does.
"""
