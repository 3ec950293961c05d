// Makes the quiz above this script answer: it needs no kernel, and in a saved notebook no answer is to be read.
(script => {
  const panel = script.previousElementSibling;
  const bytes = Uint8Array.from(atob(script.dataset.answers), one => one.charCodeAt(0));
  const { words, questions } = JSON.parse(new TextDecoder().decode(bytes));
  panel.setAttribute("data-lm-suppress-shortcuts", "true"); // Enter and letters are ours, not the notebook's
  const score = panel.querySelector("[data-score]");
  let right = 0;

  questions.forEach((options, number) => {
    const fieldset = panel.querySelectorAll("fieldset")[number];
    let missing = options.filter(option => option.right).length;
    let first = true;
    fieldset.querySelectorAll("button").forEach((button, at) => {
      const { right: good, why } = options[at];
      button.disabled = false;
      button.style.cursor = "pointer";
      button.addEventListener("click", () => {
        if (button.getAttribute("aria-pressed") === "true") return;
        button.setAttribute("aria-pressed", "true");
        button.style.borderColor = good ? "#00795a" : "#b03a00";
        button.querySelector("[data-mark]").textContent = good ? "✓" : "✗";
        const said = button.nextElementSibling;
        said.innerHTML = `<strong>${words[good ? "right" : "wrong"]}</strong> ${why}`; // escaped when it was made
        said.style.borderLeft = `3px solid ${good ? "#00795a" : "#b03a00"}`;
        said.style.padding = "2px 10px";
        first = first && good;
        if (good && --missing === 0) {
          right += first ? 1 : 0;
          score.textContent = words.score.replace("{right}", right).replace("{of}", questions.length);
        }
      });
    });
  });
})(document.currentScript);
