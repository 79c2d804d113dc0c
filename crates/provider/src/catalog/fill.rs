//! What somebody declared of a model, completed by what its row says.

use wayleave_model::target::ModelFacts;

use super::CatalogModel;

impl CatalogModel {
    /// The facts that were declared, and the row's where nothing was. What was declared wins field by
    /// field; a list that was declared wins as a whole.
    pub fn fill(&self, declared: &ModelFacts) -> ModelFacts {
        let known = self.facts();
        // Taken apart, so that no fact that is added one day is forgotten here.
        let ModelFacts {
            context_window,
            max_output,
            min_output,
            token_limit,
            refuses,
            tools,
            vision,
            json_schema,
            reasoning,
            families,
            parallel_tools,
            audio_input,
            audio_output,
            files,
            prompt_caching,
            developer_role,
            seed_field,
            tool_choice_required,
            reasoning_field,
            reasoning_back,
            custom_tools,
            max_batch,
            voices,
            max_characters,
        } = declared.clone();
        let list = |declared: Vec<String>, known: Vec<String>| {
            if declared.is_empty() { known } else { declared }
        };
        ModelFacts {
            context_window: context_window.or(known.context_window),
            max_output: max_output.or(known.max_output),
            min_output: min_output.or(known.min_output),
            token_limit: token_limit.or(known.token_limit),
            refuses: list(refuses, known.refuses),
            tools: tools.or(known.tools),
            vision: vision.or(known.vision),
            json_schema: json_schema.or(known.json_schema),
            reasoning: reasoning.or(known.reasoning),
            families: if families.is_empty() { known.families } else { families },
            parallel_tools: parallel_tools.or(known.parallel_tools),
            audio_input: audio_input.or(known.audio_input),
            audio_output: audio_output.or(known.audio_output),
            files: files.or(known.files),
            prompt_caching: prompt_caching.or(known.prompt_caching),
            developer_role: developer_role.or(known.developer_role),
            seed_field: seed_field.or(known.seed_field),
            tool_choice_required: tool_choice_required.or(known.tool_choice_required),
            reasoning_field: reasoning_field.or(known.reasoning_field),
            reasoning_back: reasoning_back.or(known.reasoning_back),
            custom_tools: custom_tools.or(known.custom_tools),
            max_batch: max_batch.or(known.max_batch),
            voices: list(voices, known.voices),
            max_characters: max_characters.or(known.max_characters),
        }
    }
}
