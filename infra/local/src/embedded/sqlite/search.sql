-- What messages are found by, as Postgres' 0011_search.sql has it, in tables of their own: an index of words
-- counts its rows by integers that stay as they are, and messages have none.

create table message_pieces (
    id         integer primary key,
    message_id blob    not null unique references messages on delete cascade,
    -- Separated by spaces.
    pieces     text    not null
) strict;

-- The pieces are cut and folded already: they end at spaces and nowhere else.
create virtual table message_index using fts5(
    pieces, content = '', contentless_delete = 1, detail = 'none', tokenize = 'ascii'
);

create trigger message_pieces_added after insert on message_pieces begin
    insert into message_index (rowid, pieces) values (new.id, new.pieces);
end;
create trigger message_pieces_changed after update on message_pieces begin
    update message_index set pieces = new.pieces where rowid = new.id;
end;
create trigger message_pieces_removed after delete on message_pieces begin
    delete from message_index where rowid = old.id;
end;
