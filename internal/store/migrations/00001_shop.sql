-- +goose Up
-- Times are milliseconds since 1970 in UTC, money is integer minor units with its ISO 4217 code beside it, lists of
-- words are JSON arrays.

CREATE TABLE merchants (
    id      TEXT PRIMARY KEY,
    name    TEXT NOT NULL,
    created BIGINT NOT NULL
);

CREATE TABLE products (
    id          TEXT PRIMARY KEY,
    merchant    TEXT NOT NULL REFERENCES merchants (id),
    handle      TEXT NOT NULL,
    title       TEXT NOT NULL,
    description TEXT NOT NULL,
    vendor      TEXT NOT NULL,
    options     TEXT NOT NULL,
    archived    BOOLEAN NOT NULL,
    created     BIGINT NOT NULL,
    updated     BIGINT NOT NULL,
    rev         BIGINT NOT NULL,
    UNIQUE (merchant, handle)
);

CREATE TABLE skus (
    id         TEXT PRIMARY KEY,
    product    TEXT NOT NULL REFERENCES products (id),
    code       TEXT NOT NULL,
    options    TEXT NOT NULL,
    amount     BIGINT NOT NULL CHECK (amount > 0),
    currency   TEXT NOT NULL,
    compare_at BIGINT,
    stock      BIGINT NOT NULL CHECK (stock >= 0),
    image      TEXT NOT NULL,
    position   INTEGER NOT NULL
);
CREATE INDEX skus_product ON skus (product, position);

-- The record of prices outlives the SKU: claims of a reduction must be provable.
CREATE TABLE prices (
    sku        TEXT NOT NULL,
    amount     BIGINT NOT NULL,
    currency   TEXT NOT NULL,
    compare_at BIGINT,
    at         BIGINT NOT NULL
);
CREATE INDEX prices_sku ON prices (sku, at);

CREATE TABLE images (
    id       TEXT PRIMARY KEY,
    product  TEXT NOT NULL REFERENCES products (id),
    alt      TEXT NOT NULL,
    width    INTEGER NOT NULL,
    height   INTEGER NOT NULL,
    source   TEXT NOT NULL,
    position INTEGER NOT NULL
);
CREATE INDEX images_product ON images (product, position);

-- Apart from images, so that listing products never walks through pictures.
CREATE TABLE image_bytes (
    image TEXT PRIMARY KEY REFERENCES images (id) ON DELETE CASCADE,
    large BLOB NOT NULL,
    thumb BLOB NOT NULL
);

CREATE TABLE shows (
    slug          TEXT PRIMARY KEY,
    merchant      TEXT NOT NULL REFERENCES merchants (id),
    title         TEXT NOT NULL,
    description   TEXT NOT NULL,
    poster        TEXT NOT NULL,
    starts_at     BIGINT NOT NULL,
    started_at    BIGINT,
    ended_at      BIGINT,
    status        TEXT NOT NULL,
    on_air        BOOLEAN NOT NULL,
    stream_key    TEXT NOT NULL,
    key_hash      BLOB NOT NULL UNIQUE,
    embed_origins TEXT NOT NULL,
    currency      TEXT NOT NULL,
    ways          TEXT NOT NULL,
    payment_note  TEXT NOT NULL,
    lineup        TEXT NOT NULL,
    created       BIGINT NOT NULL,
    updated       BIGINT NOT NULL,
    rev           BIGINT NOT NULL
);
CREATE INDEX shows_status ON shows (status, starts_at);

CREATE TABLE pins (
    id       TEXT PRIMARY KEY,
    show     TEXT NOT NULL REFERENCES shows (slug),
    product  TEXT NOT NULL,
    sku      TEXT NOT NULL,
    started  BIGINT NOT NULL,
    ended    BIGINT,
    media    BIGINT,
    amount   BIGINT NOT NULL,
    currency TEXT NOT NULL,
    rev      BIGINT NOT NULL
);
CREATE INDEX pins_show ON pins (show, started);
CREATE UNIQUE INDEX pins_open ON pins (show, product) WHERE ended IS NULL;

CREATE TABLE orders (
    seq          INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    merchant     TEXT NOT NULL REFERENCES merchants (id),
    number       TEXT NOT NULL,
    show         TEXT NOT NULL,
    pin          TEXT NOT NULL,
    total        BIGINT NOT NULL,
    currency     TEXT NOT NULL,
    name         TEXT NOT NULL,
    phone        TEXT NOT NULL,
    email        TEXT NOT NULL,
    line1        TEXT NOT NULL,
    line2        TEXT NOT NULL,
    city         TEXT NOT NULL,
    region       TEXT NOT NULL,
    postcode     TEXT NOT NULL,
    country      TEXT NOT NULL,
    note         TEXT NOT NULL,
    way          TEXT NOT NULL,
    instructions TEXT NOT NULL,
    status       TEXT NOT NULL,
    token        TEXT NOT NULL,
    created      BIGINT NOT NULL,
    updated      BIGINT NOT NULL,
    expires      BIGINT NOT NULL,
    UNIQUE (merchant, number)
);
CREATE INDEX orders_merchant ON orders (merchant, seq);
CREATE INDEX orders_show ON orders (show, seq);
CREATE INDEX orders_due ON orders (expires) WHERE status = 'awaiting_merchant';

CREATE TABLE order_lines (
    "order"  TEXT NOT NULL REFERENCES orders (id),
    position INTEGER NOT NULL,
    sku      TEXT NOT NULL,
    product  TEXT NOT NULL,
    title    TEXT NOT NULL,
    code     TEXT NOT NULL,
    options  TEXT NOT NULL,
    quantity BIGINT NOT NULL CHECK (quantity > 0),
    amount   BIGINT NOT NULL,
    PRIMARY KEY ("order", position)
);

CREATE TABLE order_keys (
    show    TEXT NOT NULL,
    key     TEXT NOT NULL,
    hash    BLOB NOT NULL,
    "order" TEXT NOT NULL REFERENCES orders (id),
    PRIMARY KEY (show, key)
);

CREATE TABLE users (
    id       TEXT PRIMARY KEY,
    name     TEXT NOT NULL UNIQUE,
    role     TEXT NOT NULL,
    merchant TEXT NOT NULL,
    hash     TEXT NOT NULL,
    created  BIGINT NOT NULL,
    changed  BIGINT NOT NULL
);

CREATE TABLE sessions (
    hash    BLOB PRIMARY KEY,
    usr     TEXT NOT NULL REFERENCES users (id),
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX sessions_usr ON sessions (usr);
CREATE INDEX sessions_expires ON sessions (expires);

CREATE TABLE tokens (
    id      TEXT PRIMARY KEY,
    usr     TEXT NOT NULL REFERENCES users (id),
    name    TEXT NOT NULL,
    role    TEXT NOT NULL,
    hash    BLOB NOT NULL UNIQUE,
    created BIGINT NOT NULL,
    used    BIGINT
);
CREATE INDEX tokens_usr ON tokens (usr);
