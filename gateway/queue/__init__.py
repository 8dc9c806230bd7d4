"""The gateway's side of the queue: publish jobs, wait for replies, look jobs up, cancel them."""
