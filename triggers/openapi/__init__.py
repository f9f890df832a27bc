"""The API's description, made of the route table and the models it names: OpenAPI, a page, a reference."""
