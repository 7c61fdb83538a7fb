"""How the agent ends a call: when its goodbye has been heard, unless the caller has something more to say."""

import asyncio
from collections.abc import Callable

from shared.models.call import Outcome
from worker.call_watch import CallWatch

LOOK_EVERY = 0.1
QUIET_BEFORE_HANG_UP = 0.8
"""Seconds after the agent's last word, so that a goodbye is not cut off."""
HANG_UP_WITHIN = 10.0
"""Seconds after which a call that is to end does end, however noisy the line is."""
LONGEST_GOODBYE = 30.0
"""Seconds after which it does whatever the agent is still saying, such as a summary before its goodbye: the
model hangs up when it has said all of it, long before it has been heard."""
GOODBYE_WITHIN = 8.0
"""Seconds for a goodbye of the platform's own to be heard."""
MORE_THAN_A_COUGH = 0.7
"""Seconds of voice."""
WORDS_WITHIN = 1.5
"""Seconds after the caller was heard in which the model writes down what they said, if it was words."""


class Goodbye:
    """Of one call. `clock` is the watch's, and `over` is told how the call has ended."""

    def __init__(self, watch: CallWatch, clock: Callable[[], float], over: Callable[[Outcome], None]) -> None:
        self._watch = watch
        self._clock = clock
        self._over = over
        self._outcome = Outcome.AGENT_ENDED
        self._since = 0.0
        self._ending: asyncio.Task[None] | None = None

    @property
    def is_said(self) -> bool:
        """The call is about to end."""
        return self._ending is not None

    def say(self, outcome: Outcome, words: "asyncio.Future[bool] | None" = None) -> None:
        """End the call when `words`, or what the agent is saying anyway, have been heard."""
        if self._ending is None:
            self._outcome, self._since = outcome, self._clock()
            self._ending = asyncio.create_task(self._end(words), name="goodbye")

    def caller_said_something(self) -> bool:
        """Whether the call goes on for that: they spoke up after the goodbye had begun, and there is time.

        The model may write down late what they had said before, so they must have been heard as well.
        """
        return self._watch.caller_heard_since(self._since) and self.call_off()

    def model_says_more(self) -> bool:
        """Whether the call goes on for a reply that begins: to a caller of whom no word is written down.

        A voice is no reason by itself, for loudness does not tell it from noise. The model does, which hears
        them; but its reply may be the goodbye, or meant for a cough or for the goodbye's own echo. So the
        goodbye must have been heard, then more voice than a cough has and later than an echo comes, and then
        the model must say something, for which nobody else has asked it meanwhile.
        """
        said = self.is_said and self._watch.agent_fell_silent_since(self._since)
        return said and self._watch.caller_heard_alone() >= MORE_THAN_A_COUGH and self.call_off()

    def call_off(self) -> bool:
        """Whether the call was about to end, and now does not."""
        if self._ending is None or self._outcome is Outcome.MAX_LENGTH:
            return False
        self.stop()
        return True

    def stop(self) -> None:
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None

    async def _end(self, words: "asyncio.Future[bool] | None") -> None:
        if words is not None:
            await asyncio.wait([words], timeout=GOODBYE_WITHIN)
            longest = HANG_UP_WITHIN
        else:  # a goodbye that comes with the request, or right behind it, may not have begun to be heard
            await asyncio.sleep(QUIET_BEFORE_HANG_UP)
            longest = LONGEST_GOODBYE
        while not (self._is_line_quiet() or self._is_late(longest)):  # noqa: ASYNC110 - time passes, no event
            await asyncio.sleep(LOOK_EVERY)
        self._over(self._outcome)

    def _is_late(self, longest: float) -> bool:
        waited = self._clock() - self._since
        heard_out = self._watch.agent_heard_ago() >= QUIET_BEFORE_HANG_UP
        return waited >= (HANG_UP_WITHIN if heard_out else longest)

    def _is_line_quiet(self) -> bool:
        if self._outcome is Outcome.MAX_LENGTH:  # neither a function nor the caller moves the limit
            return self._watch.agent_quiet_for() >= QUIET_BEFORE_HANG_UP
        if self._watch.agent_idle_for() < QUIET_BEFORE_HANG_UP:
            return False
        return not self._watch.caller_heard_since(max(self._since, self._clock() - WORDS_WITHIN))
