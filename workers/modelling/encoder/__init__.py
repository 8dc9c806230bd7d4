"""From BERT weights to built encoders: build, check, profile. Building takes child processes."""
