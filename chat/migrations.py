"""The history database's schema as numbered steps; a step is never edited once shipped."""

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE conversations (
        id TEXT PRIMARY KEY, created REAL NOT NULL, owner TEXT NOT NULL DEFAULT '',
        title TEXT NOT NULL DEFAULT ''
    );
    CREATE TABLE messages (
        id INTEGER PRIMARY KEY, conversation TEXT NOT NULL REFERENCES conversations(id),
        created REAL NOT NULL, role TEXT NOT NULL, content TEXT NOT NULL,
        answer TEXT
    );
    CREATE INDEX messages_of ON messages(conversation, id);
    CREATE TABLE answers (
        id TEXT PRIMARY KEY, created REAL NOT NULL, question TEXT NOT NULL,
        model TEXT NOT NULL, generation TEXT NOT NULL, fingerprint TEXT NOT NULL,
        abstained INTEGER NOT NULL, seconds REAL NOT NULL,
        input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL,
        cache_read_tokens INTEGER NOT NULL, cost_usd REAL, body TEXT NOT NULL
    );
    CREATE INDEX answers_by_day ON answers(created);
    CREATE TABLE feedback (
        id INTEGER PRIMARY KEY, answer TEXT NOT NULL, created REAL NOT NULL,
        owner TEXT NOT NULL, rating INTEGER NOT NULL, comment TEXT NOT NULL DEFAULT '',
        UNIQUE (answer, owner)
    );
    """,
    """
    CREATE TABLE attempts (
        id TEXT PRIMARY KEY, created REAL NOT NULL, owner TEXT NOT NULL,
        question TEXT NOT NULL, question_text TEXT NOT NULL, topic TEXT NOT NULL,
        rubric_version TEXT NOT NULL, answer TEXT NOT NULL, score REAL NOT NULL,
        grade TEXT NOT NULL, seconds REAL NOT NULL DEFAULT 0
    );
    CREATE INDEX attempts_of ON attempts(owner, created);
    CREATE TABLE cards (
        owner TEXT NOT NULL, question TEXT NOT NULL, due REAL NOT NULL, card TEXT NOT NULL,
        PRIMARY KEY (owner, question)
    );
    """,
    """
    CREATE TABLE handled_events (id TEXT PRIMARY KEY, created REAL NOT NULL);
    CREATE TABLE model_calls (
        id INTEGER PRIMARY KEY, created REAL NOT NULL, model TEXT NOT NULL, purpose TEXT NOT NULL,
        input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL,
        cache_read_tokens INTEGER NOT NULL, cache_write_tokens INTEGER NOT NULL,
        cost_usd REAL, seconds REAL NOT NULL, error TEXT NOT NULL DEFAULT ''
    );
    CREATE INDEX model_calls_by_day ON model_calls(created);
    """,
    """
    ALTER TABLE attempts ADD COLUMN follow_ups TEXT NOT NULL DEFAULT '[]';
    ALTER TABLE attempts ADD COLUMN first_score REAL;
    ALTER TABLE attempts ADD COLUMN card_before TEXT NOT NULL DEFAULT '';
    CREATE TABLE drafts (
        owner TEXT NOT NULL, question TEXT NOT NULL, created REAL NOT NULL,
        answer TEXT NOT NULL, seconds REAL NOT NULL DEFAULT 0,
        PRIMARY KEY (owner, question)
    );
    CREATE TABLE interviews (
        id TEXT PRIMARY KEY, owner TEXT NOT NULL, created REAL NOT NULL,
        closed REAL, body TEXT NOT NULL
    );
    CREATE INDEX interviews_of ON interviews(owner, created);
    """,
    """
    CREATE TABLE preferences (
        owner TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
        PRIMARY KEY (owner, name)
    );
    """,
)
