"""From BERT weights to built encoders: build, check, profile. TensorFlow runs in a child process."""
