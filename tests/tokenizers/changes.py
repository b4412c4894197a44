"""Changes of what a tokenizer.json says, for tests that read the changed file."""


def put(*keys, value):
    """Return a function that puts a value at a place in nested data."""

    def change(data):
        for key in keys[:-1]:
            data = data[key]
        data[keys[-1]] = value

    return change
