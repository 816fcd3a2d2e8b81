"""Makes db/word-vectors.bin: how, and of what, is told in the README beside this file.

    python3 make.py words   SUMMARIES COMMON          > words.txt
    node encode.mjs words.txt encoded.bin
    python3 make.py vectors SUMMARIES COMMON words.txt encoded.bin word-vectors.bin
"""

import collections
import json
import re
import sys

WORD = re.compile(r"[a-z0-9]+(?:[-.'][a-z0-9]+)*")
PLAIN = re.compile(r"[a-z0-9]{2,18}")
WINDOW, FEWEST, KNOWN, COMMON, TECHNICAL = 6, 6, 60_000, 24_000, 30_000
USED_ALIKE, ENCODED, ENCODED_WEIGHT, DIMENSIONS = 300, 256, 0.6, 192


def summaries(path):
    lines = dict.fromkeys(line.strip().lower() for line in open(path, errors="ignore"))
    split = (WORD.findall(line)[:80] for line in lines)
    return [words for words in split if len(words) > 1]


def vocabulary(texts, common):
    counts = collections.Counter(word for words in texts for word in words)
    known = [word for word, count in counts.most_common(KNOWN) if count >= FEWEST]
    plain = [word for word in common if re.fullmatch(r"[a-z][a-z0-9.'-]*", word)][:COMMON]
    both = dict.fromkeys(plain + known[:TECHNICAL])
    kept = [word for word in both if PLAIN.fullmatch(word) and not word.isdigit()]
    return known, kept


def used_alike(texts, known):
    """Words by the words around them: positive pointwise mutual information, brought down by its singular values."""
    import numpy as np
    import scipy.sparse as sparse
    from scipy.sparse.linalg import svds

    place = {word: index for index, word in enumerate(known)}
    count = len(known)
    gap = [-2] * WINDOW
    flat = np.concatenate([np.array([place.get(word, -1) for word in words] + gap) for words in texts])
    text = np.cumsum(flat == -2)
    together = sparse.csr_matrix((count, count), dtype=np.float32)
    for apart in range(1, WINDOW + 1):
        one, other = flat[:-apart], flat[apart:]
        near = (one >= 0) & (other >= 0) & (one != other) & (text[:-apart] == text[apart:])
        ones = np.ones(near.sum(), dtype=np.float32)
        together = together + sparse.coo_matrix((ones, (one[near], other[near])), shape=(count, count)).tocsr()
    together = (together + together.T).tocoo()
    often = np.asarray(together.tocsr().sum(1)).ravel()
    share = often**0.75 / (often**0.75).sum()
    information = np.log(together.data / often[together.row] / share[together.col]) - 0.5
    told = information > 0
    matrix = sparse.coo_matrix(
        (information[told], (together.row[told], together.col[told])), shape=(count, count), dtype=np.float32
    ).tocsr()
    left, values, _ = svds(matrix, k=USED_ALIKE, random_state=1)
    return unit(left * np.sqrt(values))


def unit(rows):
    import numpy as np

    return rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-9)


def vectors(texts, common, words, encoded, out):
    import numpy as np

    known, _ = vocabulary(texts, common)
    around = used_alike(texts, known)
    meant = np.fromfile(encoded, dtype=np.float32).reshape(len(words), -1)
    meant = meant - meant.mean(0)
    _, _, axes = np.linalg.svd(meant, full_matrices=False)
    meant = unit(meant @ axes[:ENCODED].T)
    place = {word: index for index, word in enumerate(known)}
    rows = np.zeros((len(words), USED_ALIKE + ENCODED), np.float32)
    rows[:, USED_ALIKE:] = ENCODED_WEIGHT * meant
    for index, word in enumerate(words):
        if word in place:
            rows[index, :USED_ALIKE] = around[place[word]]
    rows -= rows.mean(0)
    _, _, axes = np.linalg.svd(rows, full_matrices=False)
    # Turned by chance, all dimensions are about as large, so that four bits a dimension do.
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((DIMENSIONS, DIMENSIONS)))[0]
    rows = unit(rows @ axes[:DIMENSIONS].T @ turn)
    bits = (np.clip(np.round(rows * np.sqrt(DIMENSIONS) / 2.8 * 7), -7, 7) + 8).astype(np.uint8)
    packed = bits[:, 0::2] | (bits[:, 1::2] << 4)
    # Weights as in smooth inverse frequency (Arora et al. 2017), frequencies by Zipf's law from the rank.
    rank = {word: index for index, word in enumerate(common)}
    ranks = np.array([rank.get(word, 30_000) for word in words])
    weights = 1e-3 / (1e-3 + 1 / (ranks + 10) / 12)
    with open(out, "wb") as file:
        file.write(json.dumps({"words": len(words), "dimensions": DIMENSIONS}).encode() + b"\n")
        file.write(("\n".join(words) + "\n").encode())
        file.write(np.round(weights * 255).astype(np.uint8).tobytes() + packed.tobytes())


if __name__ == "__main__":
    what, texts, common = sys.argv[1], summaries(sys.argv[2]), open(sys.argv[3]).read().split("\n")
    if what == "words":
        print("\n".join(vocabulary(texts, common)[1]), end="")
    else:
        vectors(texts, common, open(sys.argv[4]).read().split("\n"), sys.argv[5], sys.argv[6])
