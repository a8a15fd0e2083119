/// Nobody reads a run's events any more: the run ends as if it had been told to.
struct EventSinkClosed: Error, Sendable {}
