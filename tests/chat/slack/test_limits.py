from chat.slack.limits import IN_PROGRESS, Limits


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_person_has_a_limit_that_a_minute_lifts() -> None:
    clock = Clock()
    limits = Limits(2, 100, clock)
    for _ in range(2):
        assert limits.admit("T", "ann") is None
        limits.done("ann")
    refusal = limits.admit("T", "ann")
    assert refusal and not refusal.told and "60 seconds" in refusal.sentence
    again = limits.admit("T", "ann")
    assert again and again.told
    assert limits.admit("T", "bob") is None
    clock.now += 60
    assert limits.admit("T", "ann") is None


def test_a_workspace_has_a_limit_of_its_own() -> None:
    limits = Limits(100, 2, Clock())
    assert limits.admit("T", "ann") is None and limits.admit("T", "bob") is None
    refusal = limits.admit("T", "eve")
    assert refusal and "workspace" in refusal.sentence
    assert limits.admit("T2", "eve") is None


def test_one_person_can_not_occupy_all_workers() -> None:
    limits = Limits(100, 100, Clock())
    for _ in range(IN_PROGRESS):
        assert limits.admit("T", "ann") is None
    refusal = limits.admit("T", "ann")
    assert refusal and "still working" in refusal.sentence
    limits.done("ann")
    assert limits.admit("T", "ann") is None
