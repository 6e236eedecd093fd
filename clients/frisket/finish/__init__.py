"""What is done with an alpha once it is there: compositing, metrics, reports."""
