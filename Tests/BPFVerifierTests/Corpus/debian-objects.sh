#!/bin/sh
# debian-objects.sh FOLDER: fetches Debian's libbpf-tools and bpftrace, takes the BPF objects out of their programs, and
# leaves them in FOLDER, for MEROPS_OBJECTS=FOLDER swift test --filter ObjectAgreementTests. Nothing is installed.
set -eu
folder=${1:?a folder outside of the repository}
mkdir -p "$folder"
cd "$folder"
apt-get download libbpf-tools bpftrace
for package in *.deb; do dpkg -x "$package" packages; done
python3 - <<'PYTHON'
import os, struct

count = 0
for base, _, names in os.walk("packages"):
    for name in names:
        path = os.path.join(base, name)
        if os.path.islink(path):
            continue
        with open(path, "rb") as file:
            data = file.read()
        start = number = 0
        while (start := data.find(b"\x7fELF\x02\x01\x01", start)) >= 0:
            # An object for BPF (machine 247) ends with its section headers or with its last section.
            if start + 64 <= len(data) and struct.unpack_from("<H", data, start + 18)[0] == 247:
                table = struct.unpack_from("<Q", data, start + 40)[0]
                size, entries = struct.unpack_from("<HH", data, start + 58)
                end = table + size * entries
                for entry in range(entries):
                    header = start + table + entry * size
                    if struct.unpack_from("<I", data, header + 4)[0] != 8:
                        offset, length = struct.unpack_from("<QQ", data, header + 24)
                        end = max(end, offset + length)
                with open(f"{name}.{number}.bpf.o", "wb") as file:
                    file.write(data[start:start + end])
                number += 1
                count += 1
            start += 4
print(f"{count} objects from {', '.join(sorted(n for n in os.listdir('.') if n.endswith('.deb')))}")
PYTHON
rm -r packages
