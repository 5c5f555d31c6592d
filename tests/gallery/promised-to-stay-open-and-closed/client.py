import asyncio
import aiohttp
async def main():
    async with aiohttp.ClientSession() as session:
        for _ in range(2):
            try:
                async with session.get("http://198.18.0.2/") as answer:
                    print("answer", await answer.text())
            except aiohttp.ClientError as error:
                print(f"{type(error).__name__}: {error}")
asyncio.run(main())
