"""The floor of the models: values, errors and tables that every other room may import."""
