"""How the tone head is trained and judged; no worker imports this."""
