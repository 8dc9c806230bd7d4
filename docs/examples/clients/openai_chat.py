"""Ask Parley with the client of OpenAI, which works unchanged: `python openai_chat.py TEXT`.

PARLEY_URL is the gateway's address, PARLEY_API_KEY the key where one is asked for.
"""

import os
import sys

from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam


def main(text: str) -> None:
    """Ask, print the reply as it comes, and go on in the same conversation."""
    url = os.environ.get("PARLEY_URL", "http://127.0.0.1:8000")
    client = OpenAI(base_url=f"{url}/v1", api_key=os.environ.get("PARLEY_API_KEY", "none"))
    said: list[ChatCompletionMessageParam] = [{"role": "user", "content": text}]
    reply = ""
    for chunk in client.chat.completions.create(model="parley", messages=said, stream=True):
        if chunk.choices:
            part = chunk.choices[0].delta.content or ""
            print(part, end="", flush=True)
            reply += part
    print()

    said += [{"role": "assistant", "content": reply}, {"role": "user", "content": "Thank you!"}]
    answer = client.chat.completions.create(model="parley", messages=said)
    print(answer.choices[0].message.content)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
