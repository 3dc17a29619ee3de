"""Models of other frameworks: converted in environments of their own, compared with where they came from."""
