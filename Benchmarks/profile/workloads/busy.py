# One thread that parses, sorts and calls. Debian's and pyenv's interpreters have no frame pointers.
import json
import sys
import time


def leaf(n):
    return sum(len(str(i)) for i in range(n))


def sort(n):
    return sorted(range(n), key=lambda v: leaf(v % 20))


def nest(depth):
    return sort(60) if depth == 0 else nest(depth - 1)


def work():
    nest(5)
    json.loads(json.dumps({str(i): list(range(i % 30)) for i in range(50)}))


if __name__ == "__main__":
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    begin = time.process_time()
    done = 0
    while rounds == 0 or done < rounds:
        work()
        done += 1
    print(time.process_time() - begin)
