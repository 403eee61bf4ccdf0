create table meta (key text primary key, value) without rowid;

create table doc (tbl text, id integer, body blob, primary key (tbl, id)) without rowid;
create table doc_table (name text primary key, next_id integer) without rowid;

create table series (
    id integer primary key, run text, channel integer, session integer, rank integer,
    bytes integer not null default 0,
    count integer not null default 0, nan integer not null default 0,
    inf integer not null default 0, min, max, last_x, last_y, last_wall,
    min_x, max_x, min_wall, max_wall,
    unique (run, channel, session, rank)
);
create table mark (
    spool blob primary key, run text, events integer, points integer, state text
) without rowid;
create index mark_run on mark (run);
create table tombstone (run text primary key) without rowid;

create table log (id integer primary key, body blob);
create table chunk (
    series integer, ord integer, n integer, x0, x1, w0 integer, w1 integer, flags integer,
    top blob, mid blob, fine blob, body blob
);
create index chunk_head on chunk (series, ord, n, x0, x1, w0, w1, flags);
pragma application_id = 1095192154;
pragma user_version = 1;
