"""Concepts of bones and joints, soft tissue, abdomen and head, apart from emergencies."""

from radray.language.lexicon.concept import ACR, CHEXPERT, OPENI, RADLEX, Concept, concept

BODY: tuple[Concept, ...] = (
    # bones and joints
    concept(
        "bone_abnormality",
        "bone abnormality that is not named",
        "bony abnormality|osseous abnormality|bone abnormality|skeletal abnormality|bony lesion|osseous lesion"
        "|bone lesion|bony finding|osseous finding|bony pathology|osseous pathology|bony process|osseous process"
        "|blastic lesion|abnormality of the bony structure|osseous injury|bony injury|bone injury|bone change"
        "|abnormality of the osseous structure|abnormality of the skeletal structure|skeletal finding|skeletal lesion"
        "|sclerotic lesion|bony destruction|osseous destruction|destructive bony lesion|destructive lesion"
        "|sclerotic focus",
        source=RADLEX,
    ),
    concept(
        "fracture",
        "fracture",
        "fracture|fx|compression fracture|rib fracture|fractured|compression deformity|wedge deformity"
        "|vertebral compression|compressed vertebra|wedge compression deformity|wedging|fracture line"
        "|fracture deformity|vertebral body compression|vertebral compression deformity|vertebral body height loss"
        "|loss of vertebral body height|loss of height|wedge shaped deformity|compression of the vertebral body"
        "|height loss|avulsion",
        parents="bone_abnormality",
        source=CHEXPERT,
        urgency="urgent",
    ),
    concept(
        "displaced_fracture",
        "acute or displaced fracture",
        "acute fracture|displaced fracture|acute displaced fracture|displaced rib fracture|acute rib fracture"
        "|open fracture|acute compression fracture|comminuted fracture|acute hip fracture|hip fracture"
        "|femoral neck fracture|intertrochanteric fracture|cervical spine fracture|unstable fracture|burst fracture"
        "|skull fracture|pelvic fracture|pathologic fracture|pathological fracture",
        parents="fracture",
        source=ACR,
        urgency="urgent",
    ),
    concept(
        "dislocation",
        "dislocation",
        "dislocation|dislocated|subluxation|subluxed|joint dislocation|malalignment",
        parents="bone_abnormality",
        source=RADLEX,
        urgency="urgent",
    ),
    concept(
        "deformity",
        "deformity",
        "deformity|posttraumatic deformity|contour irregularity|rib irregularity|clavicle irregularity"
        "|vertebral body deformity|posttraumatic change|post traumatic change|post traumatic deformity"
        "|chest wall deformity|pectus excavatum|pectus carinatum|pectus deformity|pectus|rib deformity|deformed",
        source=OPENI,
    ),
    concept(
        "degenerative_change",
        "degenerative change of the spine or a joint",
        "degenerative change|degenerative disease|degenerative disc disease|spondylosis|spondylitic change"
        "|degenerative spurring|osteoarthritis|osteoarthritic change|degenerative joint disease|degenerative arthritis"
        "|arthritic change|arthritis|arthropathy|disc disease|disc space narrowing|spondylotic change|endplate change"
        "|degenerative|degenerated|djd|ddd|endplate sclerosis|joint space narrowing|arthrosis|disc degeneration"
        "|facet arthropathy|endplate irregularity|degenerative endplate change|degenerative disk disease"
        "|spondyloarthropathy|disk disease|disc narrowing|disk space narrowing|degeneration|spondylarthritis"
        "|endplate degenerative change|facet hypertrophy|acromioclavicular separation|dish"
        "|diffuse idiopathic skeletal hyperostosis|hypertrophic change|spondylolysis",
        source=OPENI,
    ),
    concept(
        "osteophyte",
        "osteophyte",
        "osteophyte|osteophytosis|spurring|osteophytic degeneration|spur|bony spur|bone spur|bridging syndesmophyte"
        "|osteophytic spurring|hypertrophic spurring|osteophyte formation|marginal osteophyte|syndesmophyte"
        "|osteophytic change",
        parents="degenerative_change",
        source=OPENI,
    ),
    concept(
        "scoliosis",
        "scoliosis",
        "scoliosis|dextroscoliosis|levoscoliosis|scoliotic|dextrocurvature|levocurvature|spinal curvature|curvature"
        "|scoliotic curvature|dextroconvex|levoconvex|dextroconvexity|levoconvexity|rotoscoliosis|thoracic curvature",
        source=OPENI,
    ),
    concept(
        "kyphosis",
        "kyphosis",
        "kyphosis|kyphotic|kyphoscoliosis|exaggerated kyphosis|accentuated kyphosis|gibbus",
        source=OPENI,
    ),
    concept(
        "osteopenia",
        "low bone density",
        "osteopenia|osteopenic|osteoporosis|osteoporotic|demineralization|demineralized|bone demineralization"
        "|decreased bone mineralization|metabolic bone disease|decreased bone density",
        source=OPENI,
    ),
    concept("sclerosis", "sclerosis", "sclerosis|bone sclerosis|sclerotic", source=OPENI),
    concept("bone_cyst", "cyst", "cyst|cystic change|cystic lesion|subchondral cyst|geode", source=OPENI),
    concept(
        "joint_effusion",
        "joint effusion",
        "joint effusion|knee effusion|elbow effusion|hip effusion|lipohemarthrosis|hemarthrosis|suprapatellar effusion"
        "|ankle effusion|wrist effusion|shoulder effusion|suprapatellar joint effusion|knee joint effusion",
        source=RADLEX,
    ),
    concept(
        "tendon_or_ligament_tear",
        "tear of a tendon, ligament or meniscus",
        "tendon tear|ligament tear|meniscal tear|meniscus tear|rotator cuff tear|tear of the meniscus"
        "|full thickness tear|acl tear|partial tear|partial thickness tear|labral tear|tendon rupture|ligament rupture"
        "|torn meniscus",
        source=RADLEX,
    ),
    # soft tissue
    concept(
        "soft_tissue_swelling",
        "soft tissue swelling",
        "soft tissue swelling|soft tissue edema|subcutaneous edema|swelling|marrow edema|bone marrow edema"
        "|myometrial edema",
        source=RADLEX,
    ),
    concept(
        "soft_tissue_abnormality",
        "soft tissue abnormality",
        "soft tissue abnormality|soft tissue mass|soft tissue lesion|soft tissue density",
        source=RADLEX,
    ),
    concept(
        "hernia",
        "hernia",
        "inguinal hernia|ventral hernia|umbilical hernia|incisional hernia|hernia|bowel containing hernia",
        source=RADLEX,
    ),
    # abdomen and pelvis
    concept("gallstones", "gallstones", "gallstone|cholelithiasis|biliary stone|gallbladder stone", source=RADLEX),
    concept(
        "biliary_dilatation",
        "dilated bile ducts",
        "biliary dilatation|biliary dilation|biliary ductal dilatation|intrahepatic biliary dilatation"
        "|dilated bile duct|ductal dilatation|dilated common bile duct|biliary ductal dilation",
        source=RADLEX,
    ),
    concept(
        "renal_stone",
        "stone of the urinary tract",
        "renal stone|kidney stone|nephrolithiasis|renal calculus|ureteral stone|ureteral calculus|urolithiasis"
        "|renal calculi|bladder stone|ureterolithiasis|ureteral calculi|nonobstructing stone|renal calcification",
        source=RADLEX,
    ),
    concept(
        "hydronephrosis",
        "hydronephrosis",
        "hydronephrosis|hydroureteronephrosis|hydroureter|pelvicaliectasis|collecting system dilatation|pelviectasis",
        source=RADLEX,
        urgency="urgent",
    ),
    concept("fatty_liver", "fatty liver", "fatty liver|hepatic steatosis|steatosis|fatty infiltration|hepatosteatosis"),
    concept("cirrhosis", "cirrhosis", "cirrhosis|cirrhotic|nodular liver contour|cirrhotic liver|portal hypertension"),
    concept("hepatomegaly", "enlarged liver", "hepatomegaly|enlarged liver|hepatosplenomegaly", source=RADLEX),
    concept("splenomegaly", "enlarged spleen", "splenomegaly|enlarged spleen|hepatosplenomegaly", source=RADLEX),
    concept(
        "ascites",
        "ascites",
        "ascites|free fluid|free pelvic fluid|intraperitoneal fluid|peritoneal fluid|abdominal fluid|perihepatic fluid",
        source=RADLEX,
    ),
    concept(
        "diverticulosis",
        "diverticulosis",
        "diverticulosis|diverticular disease|diverticula|colonic diverticula|sigmoid diverticula|diverticulum",
        source=RADLEX,
    ),
    concept("bowel_wall_thickening", "bowel wall thickening", "bowel wall thickening|colonic wall thickening|colitis"),
    concept(
        "cystic_organ_lesion",
        "cyst of an organ",
        "renal cyst|hepatic cyst|liver cyst|ovarian cyst|simple cyst|pancreatic cyst|thyroid cyst|kidney cyst"
        "|cortical cyst",
        source=RADLEX,
    ),
    concept("hemangioma", "hemangioma", "hemangioma|haemangioma|cavernoma|cavernous malformation", source=RADLEX),
    concept("fibroids", "fibroids", "fibroid|leiomyoma|uterine fibroid|myoma|adenomyosis", source=RADLEX),
    concept("thyroid_nodule", "thyroid nodule", "thyroid nodule|goiter|goitre|multinodular goiter|thyroid enlargement"),
    concept(
        "constipation",
        "much stool",
        "constipation|fecal retention|stool burden|retained stool|fecal loading|fecal impaction|large stool burden",
        source=RADLEX,
    ),
    concept("ileus", "ileus", "ileus|adynamic ileus|distended bowel loop|gaseous distention", source=RADLEX),
    # head and spine
    concept(
        "white_matter_change",
        "change of the white matter",
        "white matter change|microvascular ischemic change|small vessel ischemic change|white matter disease"
        "|chronic microvascular ischemic disease|small vessel ischemic disease|small vessel disease"
        "|chronic ischemic change|periventricular hypodensity|leukoaraiosis|white matter hyperintensity"
        "|microangiopathic change|chronic microvascular change|microvascular disease",
        source=RADLEX,
    ),
    concept(
        "brain_atrophy",
        "atrophy",
        "atrophy|volume loss of the brain|cerebral atrophy|cortical atrophy|involutional change",
    ),
    concept(
        "sinus_disease",
        "disease of the sinuses",
        "sinusitis|sinus disease|mucosal thickening|air fluid level in the sinus|mucosal disease|sinus opacification"
        "|mastoid effusion|mastoid opacification|retention cyst|mucosal retention cyst",
        source=RADLEX,
    ),
    concept(
        "disc_herniation",
        "herniated disc",
        "disc herniation|disc protrusion|disc extrusion|disc bulge|herniated disc|disk herniation|disk protrusion"
        "|disk bulge|disk extrusion|bulging disc",
    ),
    concept(
        "spinal_stenosis",
        "spinal stenosis",
        "spinal stenosis|canal stenosis|spinal canal stenosis|foraminal stenosis|neural foraminal narrowing|stenosis"
        "|canal narrowing|foraminal narrowing|neuroforaminal narrowing|central canal stenosis",
        source=RADLEX,
    ),
    concept("listhesis", "listhesis", "spondylolisthesis|anterolisthesis|retrolisthesis|listhesis", source=RADLEX),
    # after surgery, and artefacts
    concept("mastectomy", "absent breast", "mastectomy|absent breast", source=OPENI),
    concept("nipple_shadow", "nipple shadow", "nipple shadow|nipple marker", source=OPENI),
    concept(
        "lung_resection",
        "lung resection",
        "pneumonectomy|lobectomy|wedge resection|lung resection|partial pneumonectomy|segmentectomy|thoracotomy",
        source=OPENI,
    ),
    concept(
        "postsurgical_change",
        "change after surgery",
        "postsurgical change|postoperative change|post surgical change|post operative change|surgical change"
        "|postprocedural change|cholecystectomy|nephrectomy|appendectomy|hysterectomy|colectomy|laminectomy|craniotomy",
        source=OPENI,
    ),
)
