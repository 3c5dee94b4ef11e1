select
    count(*) as staged,
    count(*) filter (where outcome = 'unchanged') as unchanged,
    count(*) filter (where outcome = 'rejected') as rejected,
    count(*) filter (where outcome = 'parked') as parked
from {stage}
