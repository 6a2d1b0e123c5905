# Checks a proof of a Samverk ledger: python3 check.py PROOF.json KEY.pub
# or a membership proof under a leaf's mask: python3 check.py MEMBERSHIP.json MASK-IN-HEXADECIMAL
import base64, hashlib, json, sys

def sha(*b): return hashlib.sha256(b"".join(b)).digest()

# Ed25519 (RFC 8032)
p, q = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
d = -121665 * pow(121666, -1, p)
def add(a, b):
    k = d * a[0] * b[0] * a[1] * b[1]
    return (a[0]*b[1] + b[0]*a[1]) * pow(1 + k, -1, p) % p, (a[1]*b[1] + a[0]*b[0]) * pow(1 - k, -1, p) % p
def mul(a, n):
    r = (0, 1)
    while n: r, a, n = add(r, a) if n & 1 else r, add(a, a), n >> 1
    return r
def point(b):
    y = int.from_bytes(b, "little"); sign = y >> 255; y &= 2**255 - 1
    xx = (y*y - 1) * pow(d*y*y + 1, -1, p); x = pow(xx, (p + 3) // 8, p)
    if (x*x - xx) % p: x = x * pow(2, (p - 1) // 4, p) % p
    return (p - x if x & 1 != sign else x), y
base = point((4 * pow(5, -1, p) % p).to_bytes(32, "little"))
def signed(key, text, sig):
    h = int.from_bytes(hashlib.sha512(sig[:32] + key + text).digest(), "little") % q
    return mul(base, int.from_bytes(sig[32:], "little")) == add(point(sig[:32]), mul(point(key), h))

def checkpoint(note, vkey):
    """gives size and root of a checkpoint that is signed with the key"""
    name, keyid, key = vkey.split("+", 2)
    text, lines = note.split("\n\n", 1)
    for l in lines.splitlines():
        sig = base64.b64decode(l.rsplit(" ", 1)[1])
        if l.startswith("\u2014 " + name + " ") and sig[:4].hex() == keyid:
            assert signed(base64.b64decode(key)[1:], (text + "\n").encode(), sig[4:]), "wrong signature"
            origin, size, root = text.split("\n")[:3]
            assert origin == name
            return int(size), base64.b64decode(root)
    sys.exit("not signed with this key")

def climb(h, i, last, path):
    """gives the root over the hash of a leaf with an index"""
    assert 0 <= i <= last
    for s in path:
        assert last > 0
        if i & 1 or i == last:
            h = sha(b"\1", s, h)
            while not i & 1 and i: i, last = i >> 1, last >> 1
        else:
            h = sha(b"\1", h, s)
        i, last = i >> 1, last >> 1
    assert last == 0
    return h

proof = json.load(open(sys.argv[1]))
path = [base64.b64decode(h) for h in proof["path"]]
if "state" in proof:
    leaf = sha(b"\0\1", bytes([proof["state"]]), base64.b64decode(proof["key"]))
    assert climb(leaf, proof["index"], proof["size"] - 1, path).hex() == sys.argv[2], "not under this mask"
    sys.exit(print(proof["index"], ["was not counted", "was counted", "was erased"][proof["state"]]))
vkey = open(sys.argv[2]).read().strip()
size, root = checkpoint(proof["checkpoint"], vkey)
if proof["format"] == "samverk ledger inclusion 1":
    leaf = sha(b"\0", base64.b64decode(proof["leaf"]))
    assert climb(leaf, proof["index"], size - 1, path) == root, "the leaf isn't in the log"
    print("leaf", proof["index"], "of", size, "is in the log")
else:
    assert proof["format"] == "samverk ledger consistency 1"
    old, oldroot = checkpoint(proof["older"], vkey)
    assert 0 < old < size
    if old & old - 1 == 0: path.insert(0, oldroot)
    i, last = old - 1, size - 1
    while i & 1: i, last = i >> 1, last >> 1
    a = b = path[0]
    for s in path[1:]:
        if i & 1 or i == last:
            a, b = sha(b"\1", s, a), sha(b"\1", s, b)
            while not i & 1 and i: i, last = i >> 1, last >> 1
        else:
            b = sha(b"\1", b, s)
        i, last = i >> 1, last >> 1
    assert last == 0 and a == oldroot and b == root, "the log was changed"
    print("the log of", size, "begins with that of", old)
