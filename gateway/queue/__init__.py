"""The way to the queue and back: publish jobs, wait for replies, look jobs up, cancel them."""
