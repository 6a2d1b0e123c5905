-- +goose Up
-- Who was counted for which use, at every epoch, as Merkle trees: package ledger/membership. A use is its purpose and conditions as
-- the caller writes them.

-- An individual's secret. Without it none of their leaves can be told from random bytes.
CREATE TABLE ledger_member_salt (
    individual BIGINT PRIMARY KEY,
    salt       BYTEA NOT NULL
);

-- What an individual's leaf says from an epoch on. Deleted with the salt.
CREATE TABLE ledger_member_state (
    use_name   TEXT NOT NULL,
    individual BIGINT NOT NULL,
    epoch      BIGINT NOT NULL,
    counted    SMALLINT NOT NULL,
    PRIMARY KEY (individual, use_name, epoch)
);

CREATE TABLE ledger_member_root (
    use_name TEXT NOT NULL,
    epoch    BIGINT NOT NULL,
    size     BIGINT NOT NULL,          -- how many leaves the tree had
    root     BYTEA NOT NULL,
    PRIMARY KEY (use_name, epoch)
);

-- The hash of 2^level leaves from idx·2^level on, from an epoch on; level is 0, 4, 8 …
CREATE TABLE ledger_member_node (
    use_name TEXT NOT NULL,
    level    SMALLINT NOT NULL,
    idx      BIGINT NOT NULL,
    epoch    BIGINT NOT NULL,
    hash     BYTEA NOT NULL,
    PRIMARY KEY (use_name, level, idx, epoch)
);
