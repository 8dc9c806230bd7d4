"""The cascade: what the small encoder is not sure of gets a second look by the large one."""
