"""What holds no words of anybody, so that no canary is planted there."""

NO_DATA = {
    "customers.ImportRow": "read through a view that shows the entered base alone, and planted by hand (see _staged)",
    "customers.TombstoneMark": "keyed hashes, which no page reads",
    "api.KeptAnswer": "told again to the till alone that has got it; tests/api/test_keys.py, probes_api.py",
    "customers.CustomerChange": "numbers: which id was changed by which transaction",
    "contenttypes.ContentType": "names of our models",
    "auth.Permission": "names of our rights",
    "procrastinate.ProcrastinateWorker": "which workers live",
    "procrastinate.ProcrastinateEvent": "states of tasks, a fixed vocabulary",
    "procrastinate.ProcrastinatePeriodicDefer": "names of our own periodic tasks",
    "pghistory.Events": "no table: a query over the history tables",
    "pghistory.MiddlewareEvents": "no table: a query over the history tables",
}
"""Tables without anybody's data, each with the reason."""
VOCABULARY = {
    "pgh_label": "insert, update or delete",
    "clearing.Conflict.differing": "names of our fields",
    "clearing.Conflict.only_lost_changed": "names of our fields",
    "api.Webhook.last_error": "why a message was not taken, of a fixed list",
    "customers.ImportUpload.new_rows": "numbers of rows",
    "customers.HeadingChoice.target": "names of our fields",
    "transitions.IncomingFile.taken_in": "three figures",
    "transitions.BaseSwitch.signed_by": "who of the provider has signed",
    "transitions.BaseSwitch.edit_side": "a side",
    "transitions.BaseSwitch.places": "numbers of locations",
    "transitions.BaseSwitch.figures": "figures",
    "transitions.BaseSwitchEvent.signed_by": "who of the provider has signed",
    "transitions.BaseSwitchEvent.edit_side": "a side",
    "transitions.BaseSwitchEvent.places": "numbers of locations",
    "transitions.BaseSwitchEvent.figures": "figures",
    "transitions.ReviewPage.customers": "ids that no page reads",
    "transitions.ReviewPage.numbers": "numbers of customers, as in a list of withdrawals",
    "customers.BulkChange.customers": "ids that no page reads",
    "transitions.WithdrawalList.numbers": "numbers of customers, which any business may have as well",
    "procrastinate.ProcrastinateJob.task_name": "names of our tasks",
    "procrastinate.ProcrastinateJob.status": "states of tasks",
    "procrastinate.ProcrastinateJob.queue_name": "names of our queues",
}
"""Columns of text with a fixed vocabulary that the model does not declare."""
