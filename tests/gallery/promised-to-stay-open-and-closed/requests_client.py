import requests
session = requests.Session()
for _ in range(2):
    print("answer", session.get("http://198.18.0.2/").text)
