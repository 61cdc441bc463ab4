// Shows one report. Everything from the file goes into text nodes, so nothing in it can become markup.

const words = {
  confident: "The model is confident.",
  indeterminate: "The model is not sure.",
  out_of_distribution: "The picture is unlike those the model knows. Its answer must not be used.",
  poor_quality: "The picture is not good enough to judge.",
};

const problem = document.querySelector("#problem");

document.querySelector("#files").addEventListener("change", async (event) => {
  const files = [...event.target.files];
  const json = files.find((file) => file.name.endsWith(".json"));
  problem.hidden = true;
  try {
    if (!json) throw new Error("Choose the file report.json too.");
    const report = JSON.parse(await json.text());
    if (report.schema !== "hemascope.report/1") throw new Error("This file is not a Hemascope report.");
    show(report, files.filter((file) => file.type === "image/png"));
  } catch (error) {
    problem.textContent = error instanceof SyntaxError ? "This file is not a Hemascope report." : error.message;
    problem.hidden = false;
  }
});

function element(name, text, properties = {}) {
  const made = Object.assign(document.createElement(name), properties);
  if (text !== undefined) made.textContent = text;
  return made;
}

function show(report, pictures) {
  const article = document.querySelector("#report");
  article.replaceChildren(...(report.state === "rejected" ? rejected(report) : judged(report)), ...shown(pictures), details(report));
  article.hidden = false;
}

function rejected({ rejection }) {
  return [element("h2", "This picture could not be judged"), element("p", rejection.message), element("p", rejection.advice)];
}

function judged({ result, evidence }) {
  const confident = result.decision === "confident";
  const bars = Object.entries(result.probabilities).map(([label, probability]) => {
    const row = element("div", undefined, { className: "probability" });
    const meter = element("meter", undefined, { min: 0, max: 1, value: probability, ariaLabel: label });
    row.append(element("span", label), meter, element("span", `${(100 * probability).toFixed(1)} %`));
    return row;
  });
  return [
    element("h2", heading(result)),
    element("p", words[result.decision], { className: confident ? "" : "caution" }),
    element("p", result.recommendation),
    element("h3", "Probabilities"),
    ...bars,
    element("h3", "Evidence"),
    element("p", `${evidence.cell_count} stained cells or clumps; the mask covers ${(100 * evidence.mask_coverage).toFixed(1)} % of the picture.`),
  ];
}

function heading({ label, decision, prediction_set: likely }) {
  if (decision === "confident") return `${label} pattern`;
  return decision === "indeterminate" ? `Unsure: ${likely.join(" or ")} pattern` : "No answer";
}

function shown(pictures) {
  if (!pictures.length) return [];
  const grid = element("div", undefined, { className: "pictures" });
  for (const file of pictures) {
    const name = file.name.replace(/\.png$/, "");
    const figure = element("figure");
    figure.append(element("img", undefined, { src: URL.createObjectURL(file), alt: `${name} of the smear` }), element("figcaption", name));
    grid.append(figure);
  }
  return [element("h3", "Pictures"), grid];
}

function details(report) {
  const list = element("dl");
  const rows = {
    Smear: report.specimen ? [report.specimen.hospital, report.specimen.case, report.specimen.file].join(" / ") : "unknown",
    Issued: report.issued_at ? new Date(report.issued_at).toLocaleString() : "not issued by a service",
    Release: report.release,
    Model: `${report.model.id} ${report.model.version}, sha256 ${report.model.sha256.slice(0, 12)}`,
    Id: report.object_id,
  };
  for (const [name, text] of Object.entries(rows)) list.append(element("dt", name), element("dd", text));
  const section = element("section");
  section.append(element("h3", "Report"), list, element("p", report.disclaimer));
  return section;
}
