"""The GraphQL schema: the operations and names of the first front end, on the services of the HTTP API.

Nothing here is imported before the first GraphQL request: the library costs an eighth of a second.
"""
