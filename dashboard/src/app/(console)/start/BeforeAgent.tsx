"use client";
import { useRouter } from "next/navigation";
import { useEffect, useState } from "react";
import { useCreateAgent } from "@/data/agents";
import { useTenant } from "@/data/tenant";
import { routes } from "@/routes";
import { useLanguage, useLocale } from "@/texts/TextProvider";
import type { TemplateTexts } from "@/texts/templates/en";
import { FormSkeleton } from "@/ui/states";
import { AgentStep } from "./AgentStep";
import { BusinessStep } from "./BusinessStep";
import { drafted, forgetDraft, keepDraft, readDraft, type StartDraft, templateLanguage, TEMPLATES } from "./draft";
import { StepFrame } from "./StepFrame";
import { NOTHING_DONE } from "./steps";

/** The first two steps. What is entered stays in this browser until the agent has been made of it. */
export function BeforeAgent({ step }: { step: string }) {
  const tenant = useTenant();
  const router = useRouter();
  const locale = useLocale();
  const create = useCreateAgent();
  const [draft, setDraft] = useState<StartDraft>(() => readDraft(tenant.id, tenant.name, locale));
  const { texts, textLocale } = useTemplates(draft.business.language);
  const change = (changed: Partial<StartDraft>) => {
    const next = { ...draft, ...changed };
    keepDraft(tenant.id, next);
    setDraft(next);
  };
  if (!texts) return <FormSkeleton />;
  const { business, edits } = draft;
  const done = { ...NOTHING_DONE, business: draft.step === "agent" };
  const current = step === "agent" || step === "business" ? step : draft.step;
  if (current !== "agent") {
    return (
      <StepFrame current="business" done={done}>
        <BusinessStep
          business={business}
          templates={texts.templates}
          onChange={(changed) => change({ business: { ...business, ...changed } })}
          onNext={() => {
            change({ step: "agent" });
            router.push(routes.start({ step: "agent" }));
          }}
        />
      </StepFrame>
    );
  }
  const agent = { ...drafted(business, texts, textLocale), ...edits };
  const make = () => {
    const { hours, language, timeZone: time_zone } = business;
    create.mutate(
      { agent: { ...agent, voice: agent.voice as "Kore", hours, language, time_zone }, key: draft.key },
      {
        onSuccess: (made) => {
          forgetDraft(tenant.id);
          if (made) router.replace(routes.start({ agent: made.id, step: "tools" }));
        },
      },
    );
  };
  return (
    <StepFrame current="agent" done={{ ...NOTHING_DONE, business: true }}>
      <AgentStep
        agent={agent}
        language={business.language}
        edited={Object.keys(edits).length > 0}
        busy={create.isPending}
        error={create.error}
        onChange={(changed) => change({ edits: { ...edits, ...changed } })}
        onDraftAgain={() => change({ edits: {} })}
        onMake={make}
      />
    </StepFrame>
  );
}

function useTemplates(agentLanguage: string): { texts: TemplateTexts | undefined; textLocale: string } {
  const { language: reader } = useLanguage();
  const locale = useLocale();
  const language = templateLanguage(agentLanguage, reader);
  const [texts, setTexts] = useState<TemplateTexts>();
  useEffect(() => {
    let wanted = true;
    void TEMPLATES[language]().then((loaded) => wanted && setTexts(loaded));
    return () => {
      wanted = false;
    };
  }, [language]);
  return { texts, textLocale: language === reader ? locale : agentLanguage };
}
