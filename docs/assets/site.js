// What the theme leaves out for people without a mouse or without eyes: it wraps wide tables in boxes that scroll,
// which no key can reach, and gives its search dialog no name.
new MutationObserver(() => {
  for (const box of document.querySelectorAll(".md-typeset__scrollwrap:not([tabindex])")) box.tabIndex = 0;
  document.querySelector(".md-search")?.setAttribute("aria-label", "Search");
}).observe(document, { childList: true, subtree: true });
