"""The Functions app: reads the settings once, creates the app and registers one blueprint per concern."""

import gc

# What is imported stays. Looking for garbage in it takes a tenth of a cold start, and later, in the midst of
# requests, ten milliseconds at a time.
gc.disable()

import azure.durable_functions as df
import azure.functions as func

from activities import batches as batch_activities
from activities import lessons as lesson_activities
from activities import removal as removal_activities
from activities import roadmaps as roadmap_activities
from orchestrators import batches as batch_orchestrators
from orchestrators import lessons as lesson_orchestrators
from orchestrators import removal as removal_orchestrators
from orchestrators import roadmaps as roadmap_orchestrators
from shared.computing import take_short_turns
from shared.errors import ConfigurationError
from shared.settings import get_settings
from triggers import (
    back_ends,
    batches,
    dead_letters,
    documentation,
    events,
    graphql,
    health,
    history,
    learning,
    lessons,
    library,
    metrics,
    own_data,
    queue,
    reconciliation,
    roadmaps,
    topics,
    versions,
)

gc.freeze()
gc.enable()

try:
    get_settings()
except ConfigurationError as error:
    # A wrong setting stops the start, not the first request that needs it; its one line needs no traceback.
    raise error.with_traceback(None) from None

take_short_turns()
app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)
for module in (
    health,
    documentation,
    roadmaps,
    lessons,
    versions,
    topics,
    back_ends,
    graphql,
    learning,
    library,
    own_data,
    metrics,
    reconciliation,
    history,
    events,
    queue,
    dead_letters,
    batches,
    roadmap_orchestrators,
    lesson_orchestrators,
    batch_orchestrators,
    removal_orchestrators,
    roadmap_activities,
    lesson_activities,
    batch_activities,
    removal_activities,
):
    app.register_functions(module.blueprint)
