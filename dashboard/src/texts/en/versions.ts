export const versions = {
  text: "Choose what to keep, field by field. Nothing has been saved yet.",
  same: "The other version has nothing that contradicts yours.",
  mine: "Yours",
  theirs: "Theirs",
  allMine: "All yours",
  allTheirs: "All theirs",
  keepChosen: "Save what is chosen",
} as const;
