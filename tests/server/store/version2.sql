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

alter table series add column entries integer not null default 0;
create table entry (series integer, ord integer, x, wall integer, body blob);
create index entry_step on entry (series, ord, x, wall);
create table console (
    id integer primary key autoincrement, run text, session integer, rank integer,
    lines integer not null default 0, bytes integer not null default 0,
    unique (run, session, rank)
);
create table line (
    console integer, number integer, wall integer, stream text, text text,
    primary key (console, number)
) without rowid;
create table blob_ref (
    sha blob, run text, size integer, primary key (sha, run)
) without rowid;
create index blob_ref_run on blob_ref (run, size);
create table loose (sha blob primary key) without rowid;
create table gone (what text, id, primary key (what, id)) without rowid;
pragma application_id = 1095192154;
pragma user_version = 2;
