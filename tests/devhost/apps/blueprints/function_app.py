"""An app that is nothing but blueprints."""

import azure.durable_functions as df
import azure.functions as func
from greeting_activities import activities
from greeting_orchestrators import orchestrators

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
app.register_functions(orchestrators)
app.register_functions(activities)
