"""Workers on one GPU, the whole way through HTTP: messages a second, and how busy the GPU is."""
