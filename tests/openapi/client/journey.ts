// A learner's journey with a client that knows nothing but the API's description: create, wait, generate, read.

import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

declare const process: { argv: string[] };

const [url, token] = process.argv.slice(2) as [string, string];
const api = createClient<paths>({ baseUrl: `${url}/api`, headers: { Authorization: `Bearer ${token}` } });

type Lesson = components["schemas"]["LessonView"];

async function created(): Promise<string> {
  const { data, error, response } = await api.POST("/roadmaps", {
    params: { header: { "Idempotency-Key": "typescript" } },
    body: {
      goal: "I want to learn Python!",
      skill_level: "beginner",
      weekly_hours: 5,
      learning_style: "hands_on",
      generate: "skeleton",
    },
  });
  if (!data) throw new Error(`${response.status} ${error.code}: ${error.detail}`);
  return data.roadmap_id;
}

async function completed(id: string): Promise<void> {
  for (;;) {
    const params = { path: { id }, query: { wait: 20 } };
    const { data, error } = await api.GET("/roadmaps/{id}/status", { params });
    if (!data) throw new Error(error?.code);
    if (data.status === "completed") return;
    if (data.status === "failed" || data.status === "canceled") throw new Error(data.error?.message);
  }
}

async function written(id: string): Promise<Lesson> {
  await api.POST("/lessons/{id}/generate", { params: { path: { id } } });
  for (;;) {
    const { data } = await api.GET("/lessons/{id}", { params: { path: { id } } });
    // Read as JSON, which a client that asks for no format gets.
    if (data && typeof data !== "string" && data.generation_status === "completed") return data;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const roadmapId = await created();
await completed(roadmapId);
const { data: roadmap } = await api.GET("/roadmaps/{id}", { params: { path: { id: roadmapId } } });
const first = roadmap?.modules[0]?.lessons[0];
if (!first) throw new Error("the roadmap has no lesson");
const lesson = await written(first.id);

const { error: missing } = await api.GET("/roadmaps/{id}", {
  params: { path: { id: "00000000-0000-4000-8000-000000000000" } },
});

// What the description forbids does not compile.
// @ts-expect-error: there is no such level
await api.POST("/roadmaps", { body: { goal: "Python", skill_level: "expert", generate: "skeleton" } });
// @ts-expect-error: there is no such route
await api.GET("/roadmap");

const sections = lesson.content?.sections.length ?? 0;
console.log(JSON.stringify({ title: lesson.title, sections, tier: lesson.tier, missing: missing?.code }));
