# Eight threads of the same.
import threading

from busy import work


def run():
    while True:
        work()


for _ in range(8):
    threading.Thread(target=run).start()
