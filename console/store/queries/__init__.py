"""What pages and API ask of the database: one function a question, frozen structs as answers."""
