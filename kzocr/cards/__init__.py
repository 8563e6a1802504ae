"""What a model card says: the model's history, the sources of its text and their licences."""
