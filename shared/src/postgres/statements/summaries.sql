-- What viewer $1 sees of the rooms in `picked`. Unread is the difference of two running numbers. The last
-- message is withheld from whoever may not read back to before they came.
select
    p.total,
    r.id, r.type, r.name, r.description, r.last_seq, r.history_before_joining, r.created_by, r.created_at,
    r.member_count, r.members_version,
    me.role,
    coalesce(me.read_seq, 0) as read_seq,
    coalesce(r.last_number - me.read_number, 0) as unread_count,
    last.id as message_id, last.room_id, last.seq, last.sender_id, sender.nickname as sender_name,
    last.kind, last.content, last.reply_to, last.metadata, last.created_at as message_at,
    last.edited_at, last.recalled_at,
    peer.id as peer_id, peer.username as peer_username, peer.nickname as peer_nickname
from picked p
left join rooms r on r.id = p.room_id
left join room_members me on me.room_id = r.id and me.user_id = $1
left join lateral (
    select * from messages m
    where m.room_id = r.id and m.entry = 'message'
      and (r.history_before_joining or m.seq > me.joined_seq)
    order by m.seq desc
    limit 1
) last on true
left join users sender on sender.id = last.sender_id
left join users peer on peer.id = case
    when r.pair_low = $1 then r.pair_high
    when r.pair_high = $1 then r.pair_low
end
order by r.active_at desc, r.id desc
